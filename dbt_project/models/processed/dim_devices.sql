-- One row per device.

with devices as (
    select * from {{ ref('stg_devices') }}
)

select
    {{ columns_of([('stg_devices', 'devices')]) }}
from devices
