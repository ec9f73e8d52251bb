-- One row per series, with the number of its instances that have arrived.

with series as (
    select * from {{ ref('stg_series') }}
),

images as (
    select
        series_instance_uid,
        count(*) as number_of_instances
    from {{ ref('stg_images') }}
    group by series_instance_uid
)

select
    {{ columns_of([('stg_series', 'series')]) }},
    cast(coalesce(images.number_of_instances, 0) as bigint) as number_of_instances
from series
left join images on series.series_instance_uid = images.series_instance_uid
