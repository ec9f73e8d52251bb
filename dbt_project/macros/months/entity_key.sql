{#
    How an entity is told from others: raw column, stage column, and how the second is
    made of the first.
#}
{% macro entity_key(table) -%}
    {{ return({
        'patients': {'raw': 'patient_identity', 'stage': 'patient_key',
            'token': phi_token("'patient_id'", 'patient_identity')},
        'devices': {'raw': 'device_identity', 'stage': 'device_key',
            'token': phi_token("'device'", 'device_identity')},
        'studies': {'raw': 'study_instance_uid', 'stage': 'study_instance_uid',
            'token': phi_uid('study_instance_uid')},
        'series': {'raw': 'series_instance_uid', 'stage': 'series_instance_uid',
            'token': phi_uid('series_instance_uid')},
        'images': {'raw': 'sop_instance_uid', 'stage': 'sop_instance_uid',
            'token': phi_uid('sop_instance_uid')},
    }[table]) }}
{%- endmacro %}
