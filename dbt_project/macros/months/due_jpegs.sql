{#
    Condition: a row of the JPEG table is due. Like due_entities, for a table whose keys
    are pseudonyms already: what stage has from the due months and they no longer list
    may be listed under another month.

    Rows of another profile or key version are never due: a change leaves them in the
    bucket until their months are rendered under the new names.
#}
{% macro due_jpegs() -%}
    deid_profile = {{ literal(deid_profile()) }}
    and deid_key_version = {{ deid_key_version() }}
    and (
    {%- if not execute or not is_incremental() or due_months() is none -%}
        true
    {%- else -%}
        {%- set table = source('stage', 'compressed_images') -%}
        {%- set query -%}
            select count(*)
            from {{ this }}
            where
                (batch_token is null or {{ due_tokens('compressed_images') }})
                and sop_instance_uid not in (
                    select sop_instance_uid from {{ table }}
                    where {{ due_tokens('compressed_images') }}
                )
        {%- endset -%}
        {{ due_tokens('compressed_images') }}
        {%- if run_query(query).columns[0].values()[0] > 0 %}
        or sop_instance_uid in (
            select marked.sop_instance_uid from {{ this }} as marked
            where marked.batch_token is null
        )
        {%- endif -%}
    {%- endif -%}
    )
{%- endmacro %}
